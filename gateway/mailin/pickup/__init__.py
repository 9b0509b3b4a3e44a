"""Mailbox pickup: mails that lie in a POP3 or IMAP mailbox become faxes, each exactly once.

`pop3` and `imap` read the two kinds of mailboxes, `envelope` finds sender and recipients in a header,
`fetched` hands one mail over as SMTP would, `collector` keeps at it. Nothing here sends mail.
"""
