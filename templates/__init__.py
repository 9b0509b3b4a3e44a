"""Texts and pages as files, and the catalogues of their languages. Data only: nothing here runs."""
