import type { ByteString } from './types.ts'

/** The image spec's whiteouts (layer.md): an empty file `.wh.NAME` says that NAME is gone. */
export const whiteoutPrefix = '.wh.'
/** In a directory that hides everything that the layers below have in it. */
export const opaqueMarker = '.wh..wh..opq'

/** overlayfs' mark of an opaque directory; the second one without privileges (overlayfs.rst, User xattr). */
export const opaqueXattrs: readonly ByteString[] = ['trusted.overlay.opaque', 'user.overlay.opaque']

/**
 * Whether an extended attribute belongs to the file rather than to the machine: all of Linux' own but those of
 * overlayfs, which would steer the mount, and SELinux labels, which are the host's policy.
 */
export function isPortable(xattr: ByteString): boolean {
  if (xattr.startsWith('trusted.overlay.') || xattr.startsWith('user.overlay.')) return false
  if (xattr === 'security.selinux') return false
  return /^(?:(?:user|trusted|security)\.|system\.posix_acl_(?:access|default)$)/.test(xattr)
}
