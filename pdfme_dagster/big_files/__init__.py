"""Files too large for one process's memory: in parts of some megabytes, by several processes at once.

Nothing is imported here: the processes that do the work are to stay small.
"""
