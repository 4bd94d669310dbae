"""Bytes and gRPC: messages to columns, status codes to errors, and the sources that answer a query."""
