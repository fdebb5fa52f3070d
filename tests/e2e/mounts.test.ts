import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { notRoot, Sandbox } from './harness.ts'

describe('mounts of build steps', { skip: notRoot, concurrency: false }, () => {
  let box: Sandbox
  before(async () => {
    box = new Sandbox()
    await box.busybox()
  })
  after(() => box?.[Symbol.asyncDispose]())

  const Dockerfile = `FROM busybox
RUN --mount=type=cache,target=/root/.cache mkdir -p /root/.cache/sub && echo cached > /root/.cache/sub/file
`

  it('caches are listed, moved to another machine and pruned', async () => {
    await box.ok(['build', '--ca', 'none', '--network', 'none', box.context({ Dockerfile })])
    const list = async (...more: string[]) => box.ok(['cache-mount', 'ls', '--format', '{{.Name}} {{.Size}}', ...more])
    assert.equal(await list(), '/root/.cache 7B')
    const archive = join(box.dir, 'cache.tar')
    await box.ok(['cache-mount', 'export', '-o', archive, '/root/.cache'])
    await box.ok(['cache-mount', 'import', 'copy', archive])
    await box.run(['cache-mount', 'import', 'piped'], { input: readFileSync(archive) })
    const read = `FROM busybox
RUN --mount=type=cache,target=/c,id=copy --mount=type=cache,target=/p,id=piped cat /c/sub/file /p/sub/file
`
    const shown = await box.run(['build', '--ca', 'none', '--progress', 'plain', box.context({ Dockerfile: read })])
    assert.match(shown.stdout + shown.stderr, /^cached\ncached$/m)
    assert.equal(await list('--filter', 'name=root'), '/root/.cache 7B')
    assert.match(await box.ok(['system', 'df', '-v']), /exec\.cachemount +7B .* cache mount copy/)
    assert.equal(await box.ok(['cache-mount', 'rm', 'copy']), 'copy')
    const gone = await box.run(['cache-mount', 'rm', 'copy'])
    assert.equal(gone.code, 1)
    assert.match(gone.stderr, /no such cache mount: copy/)
    writeFileSync(archive, 'no tar')
    assert.notEqual((await box.run(['cache-mount', 'import', 'broken', archive])).code, 0)
    assert.notEqual((await box.run(['cache-mount', 'import', 'broken', '/nowhere'])).code, 0)
    assert.match(await box.ok(['builder', 'prune', '-f', '--filter', 'type=exec.cachemount']), /Total:\t14B/)
    assert.equal(await list(), '')
  })

  it('secrets are handed on and taken out of the output', async () => {
    const dir = box.context({
      Dockerfile: 'FROM busybox\nRUN --mount=type=secret,id=t,env=T echo "[$T]"; cat /run/secrets/f\n'.replace(
        'env=T ',
        'env=T --mount=type=secret,id=f ',
      ),
      file: 'in the file',
    })
    const args = ['--secret', 'id=t,env=TOKEN', '--secret', `id=f,src=${join(dir, 'file')}`]
    const result = await box.run(['build', '--ca', 'none', '--network', 'none', ...args, dir], {
      env: { TOKEN: 'hush-hush' },
    })
    assert.equal(result.code, 0)
    assert.match(result.stdout + result.stderr, /^\[\*\*\*\]\n\*\*\*$/m)
    assert.ok(!(result.stdout + result.stderr).includes('hush-hush'))
  })

  it('what is not allowed is refused with the flag that allows it', async () => {
    const dir = box.context({ Dockerfile: 'FROM busybox\nRUN --security=insecure true\n' })
    const refused = await box.run(['build', dir])
    assert.equal(refused.code, 1)
    assert.match(refused.stderr, /security\.insecure is not allowed[\s\S]*--allow security\.insecure/)
    await box.ok(['build', '--ca', 'none', '--network', 'none', '--allow', 'network.host,security.insecure', dir])
  })
})
