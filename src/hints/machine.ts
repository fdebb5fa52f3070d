import type { Rule } from './rule.ts'

/** Failures of the machine and the network around the container. */
export const machine: readonly Rule[] = [
  {
    name: 'disk full',
    match: ({ output }) => {
      if (!/No space left on device|ENOSPC|You don't have enough free space in/.test(output)) return undefined
      return {
        cause: 'The disk is full.',
        fix: 'See what takes the room with "strake system df", and free some with "strake image prune".',
      }
    },
  },
  {
    name: 'certificate',
    match: ({ output }) => {
      if (!certificatePattern.test(output)) return undefined
      return {
        cause: 'The server shows a certificate of an authority that is not known here: often that of a company proxy.',
        fix: 'Give the build that authority with --ca FILE. Without such a proxy, install ca-certificates first.',
      }
    },
  },
  {
    name: 'name resolution',
    match: ({ output }) => {
      const host = hostPatterns.map((pattern) => pattern.exec(output)?.[1]).find((found) => found !== undefined)
      if (host === undefined && !/Temporary failure in name resolution|Name or service not known/.test(output)) {
        return undefined
      }
      const name = host ?? 'the server'
      return {
        cause: `The address of ${name} can't be found from inside the container.`,
        fix: `Check the name, and that the host finds it ("getent hosts ${host ?? 'NAME'}"). With --network=none there is no network.`,
      }
    },
  },
  {
    name: 'killed',
    match: ({ exitCode }) => {
      if (exitCode !== 137) return undefined
      return {
        cause: 'The process was killed (exit code 137 is SIGKILL): most often because the memory was used up.',
        fix: 'Let it use less, for example with fewer parallel jobs (make -j2), or give the machine more memory.',
      }
    },
  },
]

const certificatePattern = new RegExp(
  [
    'certificate verify failed',
    'CERTIFICATE_VERIFY_FAILED',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'UNABLE_TO_GET_ISSUER_CERT',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'unable to get local issuer certificate',
    'unable to verify the first certificate',
    'self[- ]signed certificate',
    'server certificate verification failed',
    'certificate signed by unknown authority',
    "doesn't have a known issuer",
    'Certificate verification failed',
    'PKIX path building failed',
  ].join('|'),
)

const hostPatterns = [
  /Temporary failure resolving '([^']+)'/,
  /Could not resolve host: ([^\s]+)/i,
  /Could not resolve '([^']+)'/,
  /unable to resolve host address ['‘]([^'’]+)['’]/,
  /getaddrinfo (?:ENOTFOUND|EAI_AGAIN) ([^\s]+)/,
  /bad address '([^']+)'/,
  /dial tcp: lookup ([^\s:]+)/,
  /host='([^'\n]+)'.{0,500}(?:Temporary failure in name resolution|Name or service not known)/,
]
