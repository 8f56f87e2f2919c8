"""Looks at a password once where many programs come with it at the same moment, e.g. the jobs of an array."""

import threading

from mlflow.server import auth

# One for each of so many shares of all logins: what others come with is looked at meanwhile.
LOCKS = [threading.Lock() for _ in range(64)]


def once() -> None:
    """Have whoever comes with the same login wait for the first one's result, which MLflow remembers.

    To compare a password with its hash costs 0.1 s of a core, on purpose. MLflow does so for each request that comes
    before the first one is through, and again for all of them whenever what it remembers has grown old.
    """
    authenticate, key_of, cache, lock = (
        auth._authenticate_cached,
        auth._auth_cache_key,
        auth._USER_AUTH_CACHE,
        auth._USER_AUTH_CACHE_LOCK,
    )

    def authenticated(username, password):
        key = key_of(username, password)
        with lock:
            user = cache.get(key)
        if user is not None:
            return user
        with LOCKS[hash(key) % len(LOCKS)]:
            return authenticate(username, password)

    if cache is not None:
        auth._authenticate_cached = authenticated
