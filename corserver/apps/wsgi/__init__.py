"""WSGI apps (PEP 3333), hosted: `wsgi(app)` is an app of corserver's, to be served or mounted."""

from corserver.apps.wsgi.hosted import THREADS, Hosted, wsgi

__all__ = ["THREADS", "Hosted", "wsgi"]
