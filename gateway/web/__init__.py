"""The pages people look at. Reads the store, draws previews, hands nothing to lines and decides nothing.

There is no sign-in yet: `serving` refuses to listen anywhere but on loopback until there is.
"""
