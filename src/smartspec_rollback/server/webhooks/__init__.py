"""What other systems tell a server: deliveries as CDEvents, alerts from Alertmanager.

Each module has one ``handle``, which the API's routes call with whoever was identified, the raw
body and the headers. They read what is hostile, and ask ``operations``; they do nothing themselves.
"""
