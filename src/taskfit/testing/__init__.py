"""Parts for tests and demonstrations: scripted upstreams on real sockets."""
