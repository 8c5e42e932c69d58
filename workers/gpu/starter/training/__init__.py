"""Trains the starter model; needed to make its weights again, never to use them.

Nothing outside this package imports it: generating reads only the folder ``starter/image``.
"""
