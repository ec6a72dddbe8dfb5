"""What a task looks like."""
