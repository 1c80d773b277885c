import { startTestCluster } from './test/support/cluster.ts'

const cluster = process.env.DAYBREAK_TEST_CLUSTER ?? (await startTestCluster())

export default {
  extensions: ['ts'],
  files: ['test/**/*.test.ts'],
  environmentVariables: { DAYBREAK_TEST_CLUSTER: cluster },
  timeout: '60s',
}
