"""The service over HTTP: the API, and pages for a browser."""
