# SPDX-License-Identifier: GPL-3.0-or-later
"""Maquette: text and pictures to textured 3D models, through services in the cloud.

Nothing is imported before Blender asks for it, so that tools can import this package anywhere.
For newcomers: core/model.py (the words), core/job.py (the story), session.py (the meeting place).
"""


def register() -> None:
    from . import registration

    registration.register()


def unregister() -> None:
    from . import registration

    registration.unregister()
