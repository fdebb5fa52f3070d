import type { Service } from '../distribution/service.ts'
import type { Call } from '../http/call.ts'
import type { Reply } from '../http/reply.ts'
import { accountPage, loginPage, logout } from './account.ts'
import { asset } from './assets.ts'
import { home, namespacePage } from './home.ts'
import { notFound, redirect, type View } from './layout.ts'
import { editPage, repositoryPages } from './repository.ts'
import { findSession } from './session.ts'

/** Answers everything that people look at. */
export async function pages(service: Service, call: Call): Promise<{ readonly call: Call; readonly reply: Reply }> {
  const file = asset(call.path)
  if (file) return { call, reply: file }
  const session = await findSession(service.data, call)
  const view = { call: { ...call, principal: session.principal }, session }
  return { call: view.call, reply: await answer(service, view) }
}

async function answer(service: Service, view: View): Promise<Reply> {
  const { method, path } = view.call
  const [, area = '', rest = ''] = /^\/([^/]*)(?:\/(.*))?$/s.exec(path) ?? []
  const reading = method === 'GET' || method === 'HEAD'
  if (reading || method === 'POST') {
    if (path === '/login') return await loginPage(service, view)
    if (path === '/account') return await accountPage(service, view)
    if (area === 'edit') return await editPage(service, view, rest)
  }
  if (method === 'POST' && path === '/logout') return await logout(service, view)
  if (!reading)
    return { ...notFound(view), status: 405, headers: { allow: 'GET, HEAD', 'content-length': 0 }, body: '' }
  if (path === '/') return await home(service, view)
  if (area === 'r') return await repositoryPages(service, view, rest)
  if (area === 'u') return await namespacePage(service, view, rest)
  // What people paste from a pull command.
  const repository = path.slice(1).split(/[:@]/)[0]!
  if (await service.data.repositories.find(repository)) return redirect(`/r${encodeURI(path)}`)
  return notFound(view)
}
