"""Documents to fax pages: HTML, text, PDF and pictures to bilevel pages, coded strips, TIFF and PDF.

It knows no telephone, no mail transport and no database; it opens no network connection and no file that
it was not given.
"""
