"""The demo: production parts on temporary state, loopback only, with an exchange and mailboxes of its own."""
