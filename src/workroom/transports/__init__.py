"""The edges: sockets and HTTP requests, carried to the use cases and back."""
