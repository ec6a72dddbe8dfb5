"""Rules over data: conditions in CEL, and the check digits of well-known numbers. Knows no check, no file and no answer."""
