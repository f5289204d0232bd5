"""What AI agents may do, spoken in the Model Context Protocol.

``tools`` says what there is and what it is good for; ``local`` and ``remote`` do it, on this
machine's ledger or through a server. Agents plan, explain, list and follow, and may ask for a
rollback that people then approve. Nothing here can approve, deny, mark, judge or lift a hold.
"""
