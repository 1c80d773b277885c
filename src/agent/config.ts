// The only place of the agent that reads the environment. The driver gives it these variables and no others.

export type AgentConfig = {
  url: string
  tokenFile: string
  stateDir: string
  workspaceId: string
  /** Given to scripts as they came. */
  path: string
  home: string
  lang: string
}

export function readConfig(env: NodeJS.ProcessEnv = process.env): AgentConfig {
  const need = (name: string): string => {
    const value = env[name]
    if (!value) throw new Error(`${name} is not set: the agent is started by a driver, which sets it`)
    return value
  }
  return {
    url: need('DAYBREAK_URL').replace(/\/+$/, ''),
    tokenFile: need('DAYBREAK_AGENT_TOKEN_FILE'),
    stateDir: need('DAYBREAK_AGENT_STATE'),
    workspaceId: need('DAYBREAK_WORKSPACE_ID'),
    path: need('PATH'),
    home: need('HOME'),
    lang: env.LANG ?? 'C.UTF-8',
  }
}
