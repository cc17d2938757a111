/** A conversation as the desk shows it; `guest` has the claims of somebody who has signed in. */
export interface DeskConversation {
  conversationId: string
  deploymentId: string
  guest: { name?: string, sub?: string, email?: string, email_verified?: boolean }
  verified: { iss: string, since: string } | null
  startedAt: string
  lastActive: string
  readOnly: boolean
  connections: number
  agent: { name: string } | null
  scripted: boolean
  lastMessage?: { text?: string }
}
