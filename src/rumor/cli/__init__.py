"""The program: parse, print, run. One small file a command; no decision of the protocol is made here."""
