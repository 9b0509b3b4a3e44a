"""One module a page. A page reads in one transaction, then draws; it decides nothing."""
