"""Postline, the gateway between mail and fax: everything that knows about faxes, people and queues."""

__version__ = "0.1.0"
