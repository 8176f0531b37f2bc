"""All of OpenStack Swift, with its S3 interface, in one process on 127.0.0.1.

`swift-server.py FOLDER` keeps everything below FOLDER, prints its port, and ends with its standard input.
"""

import os
import sys
from time import time as now

import eventlet
import eventlet.tpool

eventlet.patcher.monkey_patch()

from eventlet import wsgi  # noqa: E402
from swift.common import utils  # noqa: E402
from swift.common.ring import RingBuilder  # noqa: E402

folder = sys.argv[1]
devices = os.path.join(folder, "devices")
os.makedirs(os.path.join(devices, "disk"))


def write(name, text):
    path = os.path.join(folder, name)
    with open(path, "w") as file:
        file.write(text)
    return path


# Read when the rest of Swift is imported.
utils.SWIFT_CONF_FILE = write("swift.conf", "[swift-hash]\nswift_hash_path_suffix = test\n")
utils.validate_hash_conf()

from swift.common.storage_policy import reload_storage_policies  # noqa: E402
from swift.common.wsgi import loadapp  # noqa: E402

reload_storage_policies()

kinds = ("account", "container", "object")
listeners = {kind: eventlet.listen(("127.0.0.1", 0)) for kind in (*kinds, "proxy")}
port = {kind: listener.getsockname()[1] for kind, listener in listeners.items()}

for kind in kinds:
    builder = RingBuilder(1, 1, 0)
    disk = {"region": 1, "zone": 1, "ip": "127.0.0.1", "device": "disk"}
    builder.add_dev({"id": 0, "weight": 1, "port": port[kind], **disk})
    builder.rebalance()
    builder.get_ring().save(os.path.join(folder, f"{kind}.ring.gz"))

common = f"""[DEFAULT]
swift_dir = {folder}
devices = {devices}
mount_check = false
log_address = {folder}/no-log
"""
for kind in kinds:
    write(f"{kind}.conf", f"{common}[app:main]\nuse = egg:swift#{kind}\n")
write(
    "proxy.conf",
    f"""{common}
[pipeline:main]
pipeline = listing_formats s3api tempauth slo proxy-server
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:s3api]
use = egg:swift#s3api
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:slo]
use = egg:swift#slo
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
""",
)


class Cache:
    """What Swift asks of memcached."""

    def __init__(self):
        self.kept = {}

    def get(self, key, **_):
        value, until = self.kept.get(key, (None, 0))
        return value if until == 0 or until > now() else None

    def set(self, key, value, time=0, **_):  # noqa: A002
        self.kept[key] = (value, time and now() + time)

    def delete(self, key, **_):
        self.kept.pop(key, None)

    def incr(self, key, delta=1, time=0, **_):  # noqa: A002
        value = int(self.get(key) or 0) + int(delta)
        self.set(key, value, time)
        return value


cache = Cache()


def with_cache(app):
    def run(environ, start_response):
        environ["swift.cache"] = cache
        return app(environ, start_response)

    return run


quiet = open(os.devnull, "w")
for kind, listener in listeners.items():
    app = loadapp(os.path.join(folder, f"{kind}.conf"), global_conf={"log_name": kind})
    eventlet.spawn(wsgi.server, listener, with_cache(app), log=quiet)
print(port["proxy"], flush=True)
eventlet.tpool.execute(sys.stdin.buffer.raw.read, 1)
