"""The protocol: HTTP/1.1 on trio and h11, bytes in and bytes out, with CORS where every response passes."""
