// The clients of the HTTP benchmark, in a thread of their own: what they cost must not be counted as the server's.
import http from 'node:http'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { measure, type Sample } from './measure.ts'

export type HttpRun = {
  port: number
  token: string
  clients: number
  count: number
  templateId: string
  presetId: string
}
export type HttpResult = { sample: Sample; workspaceIds: string[] }

export async function claimOverHttp(run: HttpRun): Promise<HttpResult> {
  const worker = new Worker(new URL(import.meta.url), { workerData: run })
  return await new Promise((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
}

async function runClients(run: HttpRun): Promise<HttpResult> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: run.clients })
  const workspaceIds: string[] = []
  let number = 0
  const claim = async (): Promise<void> => {
    const name = `h-${process.hrtime.bigint()}-${number++}`
    const body = { name, template_id: run.templateId, template_version_preset_id: run.presetId, prebuild: 'require' }
    workspaceIds.push((await post(agent, { run, body })).id)
  }
  // Past the sixth run a prepared statement has its generic plan.
  await measure({ clients: run.clients, count: run.clients * 6 }, claim)
  workspaceIds.length = 0
  const sample = await measure({ clients: run.clients, count: run.count }, claim)
  agent.destroy()
  return { sample, workspaceIds }
}

async function post(agent: http.Agent, { run, body }: { run: HttpRun; body: object }): Promise<{ id: string }> {
  const text = JSON.stringify(body)
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'Coder-Session-Token': run.token,
  }
  const options = {
    agent,
    port: run.port,
    host: '127.0.0.1',
    method: 'POST',
    path: '/api/v2/users/me/workspaces',
    headers,
  }
  return await new Promise((resolve, reject) => {
    const request = http.request(options)
    request.on('error', reject)
    request.on('response', (response) => {
      let answer = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        answer += chunk
      })
      response.on('end', () => {
        if (response.statusCode === 201) resolve(JSON.parse(answer) as { id: string })
        else reject(new Error(`${response.statusCode} ${answer}`))
      })
    })
    request.end(text)
  })
}

if (!isMainThread) parentPort?.postMessage(await runClients(workerData as HttpRun))
