export { connect, GuestSocket as Guest, UpgradeError, type GuestFrame } from '../kit/guest-socket.ts'
