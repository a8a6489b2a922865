"""What is printed: letters and receipts as PDF, with fonts embedded."""
