"""Renting and giving back machines as the queue grows and shrinks: what is wanted (policy), what
waits (demand), who rents (providers), and the round that does it (rounds). Not for the jobs'
order, nor for what a worker does once it is there.
"""
