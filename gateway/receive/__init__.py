"""Received faxes: whom they go to, and how they are forwarded."""
