"""What the user can do, one file per family of verbs. Each ends in its `CLASSES`.

None of these has the option REGISTER: what is registered is what Repeat Last (Shift+R) does again,
and that would order paid models by a key press meant for something else
(`wm_operator_register_check`, source/blender/windowmanager/intern/wm_event_system.cc).
"""
