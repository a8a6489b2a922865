"""What the visitors of the load tests do: files for locust (https://locust.io)."""
