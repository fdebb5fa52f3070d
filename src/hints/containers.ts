import type { Hint } from './rule.ts'

/**
 * A port of the host that is taken.
 *
 * @param holder who has it, in words: `container web`, `nginx (pid 812)`. Undefined when that can't be found out
 */
export function portTaken(port: number, holder: string | undefined): Hint {
  const other = port < 65535 ? port + 1 : port - 1
  return {
    cause: `Port ${port} of this machine is already taken${holder ? ` by ${holder}` : ''}.`,
    fix: `Publish on another one (-p ${other}:…)${holder ? ', or stop that first' : ''}.`,
  }
}

/** How servers are told to listen on all addresses. The first that is in the command line counts. */
const listen: readonly [RegExp, (port: number) => string][] = [
  [/\bgunicorn\b/, (port) => `gunicorn --bind=0.0.0.0:${port}`],
  [/\buvicorn\b/, () => 'uvicorn --host=0.0.0.0'],
  [/\bflask\b/, () => 'flask run --host=0.0.0.0'],
  [/\bmanage\.py\b.*\brunserver\b/, (port) => `manage.py runserver 0.0.0.0:${port}`],
  [/\bstreamlit\b/, () => 'streamlit run --server.address=0.0.0.0'],
  [/\bjupyter\b/, () => 'jupyter … --ip=0.0.0.0'],
  [/\bhttp\.server\b/, (port) => `python3 -m http.server --bind 0.0.0.0 ${port}`],
  [/\bpython[\d.]*\b/, () => "app.run(host='0.0.0.0'), or --host=0.0.0.0"],
  [/\bnext\b/, () => 'next start --hostname 0.0.0.0'],
  [/\bng\b.*\bserve\b/, () => 'ng serve --host=0.0.0.0'],
  [/\bvite\b/, () => 'vite --host=0.0.0.0'],
  [/\bwebpack\b/, () => 'webpack serve --host=0.0.0.0'],
  [/\bnode\b/, () => "server.listen(port, '0.0.0.0'), or --host=0.0.0.0"],
  [/\b(?:rails|puma)\b/, () => 'rails server --binding=0.0.0.0'],
  [/\bphp\b/, (port) => `php -S 0.0.0.0:${port}`],
  [/\bhugo\b/, () => 'hugo server --bind=0.0.0.0'],
  [/\bjekyll\b/, () => 'jekyll serve --host=0.0.0.0'],
  [/\bredis-server\b/, () => 'redis-server --bind 0.0.0.0'],
  [/\bmysqld\b|\bmariadbd\b/, () => 'mysqld --bind-address=0.0.0.0'],
]

/**
 * A server in a container that no published port can reach.
 *
 * @param port the container's port
 * @param process the server's command line
 */
export function loopbackOnly(port: number, process: string): Hint {
  const how = listen.find(([pattern]) => pattern.test(process))?.[1](port) ?? '--host=0.0.0.0 or the like'
  return {
    cause: `The server listens on 127.0.0.1:${port} of the container only, where the published port can't reach it.`,
    fix: `Let it listen on all addresses: ${how}`,
  }
}

/**
 * A CMD, or arguments behind the image's name, that a shell-form ENTRYPOINT never sees.
 *
 * @param entrypoint and cmd, as in the image's configuration
 * @returns undefined when nothing is lost
 */
export function swallowedCmd(entrypoint: readonly string[], cmd: readonly string[]): Hint | undefined {
  const [shell = '', option, line = ''] = entrypoint
  const lost = entrypoint.length === 3 && /(?:^|\/)(?:ba|da|z|a)?sh$/.test(shell) && option === '-c' && cmd.length > 0
  // A line that takes its arguments is meant so.
  if (!lost || /\$[@*1-9{]/.test(line)) return undefined
  return {
    cause: `ENTRYPOINT is in shell form, so it never sees its arguments: ${cmd.join(' ')}`,
    fix: `Write it in exec form: ${execForm(line)}`,
  }
}

function execForm(line: string): string {
  const words = line.trim().split(/\s+/)
  const command = words.findIndex((word) => !/^\w+=/.test(word))
  const array = (items: readonly string[]) => `ENTRYPOINT [${items.map((item) => JSON.stringify(item)).join(', ')}]`
  if (command < 0 || /[|&;<>()$`\\"'*?[\]#~]/.test(line)) return array(['/bin/sh', '-c', `${line} "$@"`, 'sh'])
  const variables = words.slice(0, command)
  return `${variables.length > 0 ? `ENV ${variables.join(' ')} and ` : ''}${array(words.slice(command))}`
}
