"""What the performance table is measured with: `make bench`."""
