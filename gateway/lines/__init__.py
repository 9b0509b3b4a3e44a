"""Lines: things that carry a call. The contract, the modem line, the worker of a port, retry memory."""
