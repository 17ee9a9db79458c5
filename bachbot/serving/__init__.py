"""What every website of bachbot shares: limits, checks of requests, headers and private files.

A website wraps its pages in `RequestGuard` and `BodyReader`, reads forms by `forms`, limits what
one client may do by `rates`, and is run by `server.run_server`.
"""
