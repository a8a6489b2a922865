"""What is printed: letters with voting codes, and receipts."""
