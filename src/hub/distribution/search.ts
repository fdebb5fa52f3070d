import { viewerOf } from '../access/rights.ts'
import type { Call } from '../http/call.ts'
import { failure, json, type Reply } from '../http/reply.ts'
import { library } from '../names.ts'
import type { Service } from './service.ts'

/** What `docker search HOST/TERM` asks: docker's old index, which Docker Hub still answers as. */
export async function search({ data }: Service, call: Call): Promise<Reply> {
  if (call.method !== 'GET') return failure('UNSUPPORTED')
  if (call.path === '/v1/_ping') return json(true)
  const query = (call.query.get('q') ?? '').slice(0, 200)
  const limit = Math.min(Math.max(Number(call.query.get('n')) || 25, 1), 100)
  const found = await data.repositories.list({ viewer: viewerOf(call.principal), text: query.trim(), limit })
  return json({
    query,
    num_results: found.length,
    num_pages: 1,
    page: 1,
    page_size: limit,
    results: found.map(({ name, namespace, description, pulls }) => ({
      name,
      description,
      pull_count: pulls,
      star_count: 0,
      is_official: namespace === library,
      is_automated: false,
    })),
  })
}
