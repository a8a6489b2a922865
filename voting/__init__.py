"""Elections, roll, credentials, casting, challenges."""
