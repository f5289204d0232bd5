"""The HTTP API: one table of routes, from which requests are answered and OpenAPI is written.

``table`` holds the routes, ``dispatch`` answers, ``openapi`` describes; a module per resource
holds what each route does.
"""
