import type { Failure, Hint } from './rule.ts'

/** Debian's packages of programs that are called otherwise, or that slim images lack. */
const debian: Readonly<Record<string, string>> = {
  'add-apt-repository': 'software-properties-common',
  bash: 'bash',
  cc: 'build-essential',
  cmake: 'cmake',
  curl: 'curl',
  dig: 'bind9-dnsutils',
  ffmpeg: 'ffmpeg',
  file: 'file',
  'g++': 'g++',
  gcc: 'gcc',
  git: 'git',
  go: 'golang',
  gpg: 'gnupg',
  ifconfig: 'net-tools',
  ip: 'iproute2',
  java: 'default-jre-headless',
  javac: 'default-jdk-headless',
  jq: 'jq',
  less: 'less',
  lsof: 'lsof',
  make: 'make',
  mvn: 'maven',
  mysql: 'default-mysql-client',
  nano: 'nano',
  nc: 'netcat-openbsd',
  netstat: 'net-tools',
  node: 'nodejs',
  npm: 'npm',
  npx: 'npm',
  nslookup: 'bind9-dnsutils',
  patch: 'patch',
  php: 'php-cli',
  ping: 'iputils-ping',
  'pkg-config': 'pkg-config',
  ps: 'procps',
  psql: 'postgresql-client',
  python3: 'python3',
  rsync: 'rsync',
  ruby: 'ruby',
  ssh: 'openssh-client',
  strace: 'strace',
  telnet: 'telnet',
  tini: 'tini',
  top: 'procps',
  unzip: 'unzip',
  vi: 'vim-tiny',
  vim: 'vim',
  wget: 'wget',
  xz: 'xz-utils',
  zip: 'zip',
}

/** Programs that come with pip or npm. */
const pip = ['flask', 'gunicorn', 'uvicorn', 'django-admin', 'poetry', 'pipenv', 'pytest', 'celery', 'uv', 'streamlit']
const npm = ['yarn', 'pnpm', 'tsc', 'next', 'vite', 'ng', 'nodemon', 'serve', 'pm2', 'vue']

const managers: Readonly<Record<string, string>> = {
  apt: 'Debian and Ubuntu',
  'apt-get': 'Debian and Ubuntu',
  apk: 'Alpine',
  dnf: 'Fedora',
  microdnf: 'Fedora',
  yum: 'Fedora and CentOS',
  zypper: 'openSUSE',
  pacman: 'Arch Linux',
}

/** A program that is not in the image, and where it comes from. */
export function missingProgram(name: string, { readHead }: Failure): Hint {
  const cause = `There is no program "${name}" in the image.`
  if (name === 'python') {
    return {
      cause: 'There is no program "python" in the image: Debian and Ubuntu have python3 only.',
      fix: 'Write python3, or install python-is-python3.',
    }
  }
  if (name === 'pip' || name === 'pip3') {
    return { cause, fix: 'Install it: RUN apt-get update && apt-get install -y python3-pip, or write python3 -m pip.' }
  }
  if (name === 'sudo') return { cause, fix: 'Leave sudo out: steps run as root unless USER says otherwise.' }
  const distribution = managers[name]
  const own = Object.entries(ownManagers).find(([path]) => readHead?.(path))?.[1]
  if (distribution) {
    return {
      cause: `"${name}" is the package manager of ${distribution}, and this image is of another distribution.`,
      fix: own ? `Write ${own} instead.` : "Use the image's own package manager: apt-get, apk, dnf, …",
    }
  }
  if (pip.includes(name)) {
    return { cause, fix: `Install it (pip install ${name}); if it is in an environment, put that into PATH.` }
  }
  if (npm.includes(name)) return { cause, fix: `Install it (npm install -g ${name}), or call it with npx ${name}.` }
  const found = debian[name]
  if (found && own?.startsWith('apk')) return { cause, fix: `Install it: RUN apk add --no-cache ${name}` }
  if (found && readHead && !own) {
    return {
      cause,
      fix: "Install it with the image's own package manager, or copy it from an image that has it: COPY --from=IMAGE …",
    }
  }
  if (found && (!own || own.startsWith('apt-get'))) {
    return { cause, fix: `Install it: RUN apt-get update && apt-get install -y ${found}` }
  }
  return { cause, fix: 'Install the package that holds it, or check how the name is spelt.' }
}

const ownManagers: Readonly<Record<string, string>> = {
  '/sbin/apk': 'apk add --no-cache …',
  '/usr/bin/apt-get': 'apt-get update && apt-get install -y …',
  '/usr/bin/dnf': 'dnf install -y …',
  '/usr/bin/microdnf': 'microdnf install -y …',
  '/usr/bin/yum': 'yum install -y …',
  '/usr/bin/zypper': 'zypper install -y …',
  '/usr/bin/pacman': 'pacman -Sy --noconfirm …',
}
