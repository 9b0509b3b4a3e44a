"""T.30 fax over Class 1 modems: a sans-IO engine, its drivers and ports, and a simulated line.

It knows no TIFF outside `modem.cli` and `modem.sim`, no mail, no database and no clock.
"""
