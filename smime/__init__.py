"""CMS on bytes: verify, decrypt, sign and encrypt mail.

Not built yet: the mail door refuses signed and encrypted mail, so that it is never drawn unread.
"""
