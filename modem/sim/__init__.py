"""A simulated telephone line: soft modems on pseudo terminals, an exchange, and far fax machines.

Real V.21/V.27ter/V.29/V.17 audio between libspandsp's T.31 modem and its T.30 terminal; only the copper is
missing. It runs as its own process (`python -m modem.sim`), knows nothing of the gateway and survives its
death. Reports that speak of it must say that it is simulated.
"""
