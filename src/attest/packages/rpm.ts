import { StrakeError } from '../../lib/mod.ts'
import type { Package } from './types.ts'

/** Tags of rpm's headers that are read here (rpm: include/rpm/rpmtag.h). */
const tags = {
  name: 1000,
  version: 1001,
  release: 1002,
  epoch: 1003,
  summary: 1004,
  vendor: 1011,
  license: 1014,
  url: 1020,
  architecture: 1022,
  sourceRpm: 1044,
}

const int32 = 4
const string = 6
const translated = 9

/**
 * The package of one header, as the databases of rpm hold it: the number of entries, the size of the data, the entries
 * (tag, type, place, count; all of 32 bits, big-endian), the data. Throws `corrupt`.
 */
export function rpmPackage(bytes: Uint8Array): Package | undefined {
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const fail = () => new StrakeError('corrupt', 'a package in it has a broken header')
  if (header.length < 8) throw fail()
  const count = header.readUInt32BE(0)
  const start = 8 + count * 16
  const end = start + header.readUInt32BE(4)
  if (end > header.length) throw fail()
  const data = header.subarray(start, end)
  const found = new Map<number, string>()
  for (let at = 8; at < start; at += 16) {
    const [tag, type, place] = [header.readUInt32BE(at), header.readUInt32BE(at + 4), header.readUInt32BE(at + 8)]
    if (type === string || type === translated) {
      const stop = data.indexOf(0, place)
      if (stop < 0) throw fail()
      found.set(tag, data.toString('utf8', place, stop))
    } else if (type === int32) {
      if (place + 4 > data.length) throw fail()
      found.set(tag, String(data.readUInt32BE(place)))
    }
  }
  const get = (tag: keyof typeof tags) => found.get(tags[tag]) || undefined
  const name = get('name')
  const version = get('version')
  // Keys that packages are signed with are kept as packages too.
  if (name === undefined || version === undefined || name === 'gpg-pubkey') return undefined
  return {
    kind: 'rpm',
    name,
    version: get('release') ? `${version}-${get('release')}` : version,
    architecture: get('architecture'),
    upstream: get('sourceRpm'),
    epoch: found.get(tags.epoch),
    license: get('license'),
    homepage: get('url'),
    summary: get('summary'),
    maintainer: get('vendor'),
  }
}
