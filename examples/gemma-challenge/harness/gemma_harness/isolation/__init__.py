"""Keeping the participant's server away from the harness: another user, hidden files, no network.

What a machine lets the harness do differs (root or not, a container's seccomp profile, the kernel's age), so
each part is tried, and the summary says for each whether it was enforced, by what, or why not.
"""
