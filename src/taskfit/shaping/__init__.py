"""What becomes of a task's input before any model sees it: required fields, a prompt template, personal data masked; and of its
answer: what was masked put back. Knows no model and no walk.
"""
