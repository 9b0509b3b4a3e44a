"""Mail in: the SMTP listener, who the sender is, what the message and its subject ask for."""
