"""Remote inputs: which URLs are read (`urls`), and how one is fetched (`fetch`; over HTTP by `http_client`).

A URL may come from a stranger's settings, and what answers may be a stranger's server. So only listed schemes are
reached, and time, size and redirects have bounds.
"""
