"""Volumes as sparse files, which Nova on the same machine gives to its servers as loop devices.

Cinder's own drivers want what a container's kernel may lack: device-mapper, iSCSI, nbd or rbd.
"""

import os
import subprocess
from pathlib import Path

from cinder import interface
from cinder.volume import driver

FILES = Path("/var/lib/cinder/volumes")
DEVICES = Path("/dev/volumes")


def losetup(*arguments):
    return subprocess.run(["losetup", *arguments], check=True, capture_output=True, text=True).stdout.split()


def loop_devices(file):
    return losetup("--noheadings", "--output", "NAME", "--associated", str(file))


@interface.volumedriver
class FileVolumes(driver.VolumeDriver):
    VERSION = "1.0"

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self._held = {}

    def check_for_setup_error(self):
        FILES.mkdir(exist_ok=True)
        DEVICES.mkdir(exist_ok=True)

    def _update_volume_stats(self):
        self._stats = {
            "volume_backend_name": self.configuration.volume_backend_name,
            "vendor_name": "mlflow-lab",
            "driver_version": self.VERSION,
            "storage_protocol": "local",
            "total_capacity_gb": "infinite",
            "free_capacity_gb": "infinite",
        }

    def create_volume(self, volume):
        file = FILES / volume["id"]
        file.touch(mode=0o600)
        os.truncate(file, volume["size"] * 2**30)

    def extend_volume(self, volume, size):
        os.truncate(FILES / volume["id"], size * 2**30)

    def delete_volume(self, volume):
        (FILES / volume["id"]).unlink(missing_ok=True)

    def create_export(self, context, volume, connector):
        pass

    def remove_export(self, context, volume):
        pass

    def ensure_export(self, context, volume):
        """Called for each volume when this service has started again, perhaps with the whole machine."""
        if volume["status"] == "in-use":
            self._connect(volume)

    def initialize_connection(self, volume, connector):
        return {"driver_volume_type": "local", "data": {"device_path": str(self._connect(volume))}}

    def terminate_connection(self, volume, connector, **_):
        (DEVICES / volume["id"]).unlink(missing_ok=True)
        if volume["id"] in self._held:
            os.close(self._held.pop(volume["id"]))

    def _connect(self, volume):
        """Return a path that stays the same, whichever device the volume gets."""
        file, path = FILES / volume["id"], DEVICES / volume["id"]
        if volume["id"] not in self._held:
            device = (loop_devices(file) or losetup("--find", "--show", str(file)))[0]
            # Open and detached, it goes with the last process that has it open: also when this container is killed.
            self._held[volume["id"]] = os.open(device, os.O_RDONLY)
            losetup("--detach", device)
            path.unlink(missing_ok=True)
            path.symlink_to(device)
        return path
