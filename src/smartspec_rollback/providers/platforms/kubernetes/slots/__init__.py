"""Several workloads side by side, one release each, with traffic choosing among them.

Going back means to start the one that has the good release, to turn the traffic, and to scale the
other one down. What takes traffic never changes its template.
"""
