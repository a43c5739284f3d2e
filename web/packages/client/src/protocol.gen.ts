// Made by `make protocol` from the schema of the server (`workroom schema json`). Do not edit.

/** Which request was carried out. Further keys tell what came of it. */
export interface AckPayload {
  readonly request_id: string;
  readonly project_id?: number;
  /** The number of the last durable event that the request led to. */
  readonly seq?: number;
}

/** Comment on an essay. */
export interface AddFeedbackAction {
  /** Answered by one `ack` or one error that repeats it (extended form). */
  readonly request_id?: string | null;
  readonly action: "add_feedback";
  readonly essay_id: number;
  readonly feedback: FeedbackDraft;
}

/** Comment on an essay, and on which version of it. */
export interface AddFeedbackExtended {
  /** Answered by one `ack` or one error that repeats it (extended form). */
  readonly request_id?: string | null;
  readonly action: "add_feedback";
  readonly essay_id: number;
  readonly feedback: FeedbackDraft;
  /** The `seq` of the version in which the offsets count, as in `update_essay`. */
  readonly base_seq?: number | null;
}

/** Which task, of which project. */
export interface CancelPayload {
  /** Answered by one `ack` or one error that repeats it (extended form). */
  readonly request_id?: string | null;
  readonly project_id: number;
  readonly task_id: string;
}

/** End a task that nobody wants any more (extended form). */
export interface CancelTask {
  /** Answered by one `ack` or one error that repeats it (extended form). */
  readonly request_id?: string | null;
  readonly type: "cancel_task";
  readonly payload: CancelPayload;
}

/** A picture or a recording of a project. */
export interface Canvas {
  readonly id: number;
  readonly project_id: number;
  readonly kind: "image" | "audio";
  /** By content, whatever the name says. */
  readonly media_type: "image/png" | "image/jpeg" | "image/webp" | "image/gif" | "audio/wav" | "audio/flac" | "audio/ogg" | "audio/mpeg";
  /** What the uploader called the file. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Pixels, turned the way that the camera noted; null for recordings, as are the next two. */
  readonly width: number | null;
  readonly height: number | null;
  /** 1 unless it is an animation. */
  readonly frames: number | null;
  /** Seconds; null for pictures, as are the next two. */
  readonly duration: number | null;
  readonly sample_rate: number | null;
  readonly channels: number | null;
  /** Who uploaded it. */
  readonly author: Person;
  readonly created_at: string;
}

/** What is there now. */
export interface CanvasAddedPayload {
  readonly project_id: number;
  readonly seq: number;
  readonly canvas: Canvas;
}

/** What is no longer there. */
export interface CanvasRemovedPayload {
  readonly project_id: number;
  readonly seq: number;
  readonly canvas_id: number;
}

/** Which project. */
export interface ClosedPayload {
  readonly project_id: number;
}

/** The connection is about to be closed, extended form; a restart answers no request. */
export interface ConnectionErrorExtended {
  readonly type: "connection_error";
  readonly error: "authentication_failed" | "server_restarting";
  readonly message: string;
  readonly request_id?: string;
  readonly retry?: "never" | "later" | "with_new_token";
  readonly retry_after?: number;
}

/** The connection is about to be closed by the server. */
export interface ConnectionErrorMessage {
  readonly type: "connection_error";
  readonly error: "authentication_failed" | "server_restarting";
  readonly message: string;
}

/** Where another user's caret stands (extended form); offsets in UTF-16 code units. */
export interface CursorMovedMessage {
  readonly type: "cursor_moved";
  readonly essay_id: number;
  readonly user_id: number;
  readonly cursor_position: number;
  /** Left out when nothing is selected. */
  readonly selection_end?: number;
}

/** Remove one's own feedback, with its replies (extended form). */
export interface DeleteFeedbackAction {
  /** Answered by one `ack` or one error that repeats it (extended form). */
  readonly request_id?: string | null;
  readonly action: "delete_feedback";
  readonly essay_id: number;
  readonly feedback_id: number;
}

/** A request was carried out (extended form). Further keys tell what came of it. */
export interface EssayAck {
  readonly type: "ack";
  readonly request_id: string;
  readonly essay_id?: number;
  /** The number of the last durable event that the request led to. */
  readonly seq?: number;
}

/** The essay was deleted (extended form). */
export interface EssayClosed {
  readonly type: "essay_closed";
  readonly essay_id: number;
}

/** A message was not carried out, extended form. */
export interface EssayErrorExtended {
  readonly type: "error";
  readonly error: "invalid_json" | "invalid_message" | "unknown_action" | "not_subscribed" | "too_large" | "rate_limited" | "conflict" | "unavailable";
  readonly message: string;
  /** Which request failed; left out when it had no id. */
  readonly request_id?: string;
  readonly retry: "never" | "later" | "with_new_token";
  /** Left out when not known. */
  readonly retry_after?: number;
}

/** A message was not carried out. */
export interface EssayErrorMessage {
  readonly type: "error";
  readonly error: "invalid_json" | "invalid_message" | "unknown_action" | "not_subscribed" | "too_large" | "rate_limited" | "conflict" | "unavailable";
  readonly message: string;
}

/** The receiver's own right changed (extended form); null: taken away. */
export interface EssayRightsChanged {
  readonly type: "rights_changed";
  readonly essay_id: number;
  readonly rights: "view" | "comment" | "edit" | "owner" | null;
}

/** The answer to who subscribes with `since` (extended form); see the protocol's page. */
export interface EssaySubscribed {
  readonly type: "subscribed";
  readonly essay_id: number;
  /** What follows this message leads up to here. */
  readonly seq: number;
  /** Whether what follows is what was missed, and not the whole state. */
  readonly recovered: boolean;
  readonly rights: "view" | "comment" | "edit" | "owner";
}

/** The token ends soon: send `refresh_token` (extended form). */
export interface EssayTokenExpiring {
  readonly type: "token_expiring";
  readonly seconds: number;
}

/** The text of the essay, who edited it last, and when. */
export interface EssayUpdate {
  readonly type: "essay_update";
  readonly essay_id: number;
  readonly content: string;
  readonly word_count: number;
  readonly updated_by: Person;
  readonly timestamp: string;
}

/** The text of the essay at `seq`. */
export interface EssayUpdateExtended {
  readonly type: "essay_update";
  readonly essay_id: number;
  readonly content: string;
  readonly word_count: number;
  readonly updated_by: Person;
  readonly timestamp: string;
  readonly seq: number;
}

/** A user is present from now on. */
export interface EssayUserJoined {
  readonly type: "user_joined";
  readonly essay_id: number;
  readonly user: PersonHere;
  readonly timestamp: string;
}

/** A user is no longer present. */
export interface EssayUserLeft {
  readonly type: "user_left";
  readonly essay_id: number;
  readonly user_id: number;
  readonly timestamp: string;
}

/** Fields of a project as the client knows them. */
export interface ExpectedFields {
  readonly title?: string;
  readonly description?: string;
  readonly status?: "active" | "archived";
}

/** How long the token still holds. */
export interface ExpiringPayload {
  readonly seconds: number;
}

/** A changed piece of feedback. */
export interface FeedbackChange {
  readonly id: number;
  readonly type: "content" | "grammar" | "structure" | "style" | "general";
  readonly comment: string;
  /** In UTF-16 code units; null when about the whole essay. */
  readonly highlight_start: number | null;
  readonly highlight_end: number | null;
  readonly updated_at: string;
}

/** A changed piece of feedback, extended form. */
export interface FeedbackChangeExtended {
  readonly id: number;
  readonly type: "content" | "grammar" | "structure" | "style" | "general";
  readonly comment: string;
  /** In UTF-16 code units; null when about the whole essay. */
  readonly highlight_start: number | null;
  readonly highlight_end: number | null;
  readonly updated_at: string;
  /** How well the highlight still fits the text that it was put on. */
  readonly anchor: "exact" | "moved" | "changed" | "orphaned";
  /** The words that it was put on; null when about the whole essay. */
  readonly quote: string | null;
  readonly status: "open" | "resolved";
  /** Null while it is open. */
  readonly resolved_by: Person | null;
  readonly resolved_at: string | null;
  /** The oldest first; left out when only the highlight has moved. */
  readonly replies?: readonly (FeedbackReply)[];
}

/** Somebody deleted a piece of feedback (extended form). */
export interface FeedbackDeletedMessage {
  readonly type: "feedback_deleted";
  readonly essay_id: number;
  readonly feedback_id: number;
  readonly seq: number;
}

/** A comment on a range of the text, or (no highlight) on the whole essay. */
export interface FeedbackDraft {
  readonly type: "content" | "grammar" | "structure" | "style" | "general";
  /** Not only white space. */
  readonly comment: string;
  /** First UTF-16 code unit of the range; given together with `highlight_end` or not at all. */
  readonly highlight_start?: number | null;
  /** End of the range, exclusive. */
  readonly highlight_end?: number | null;
}

/** A new piece of feedback. */
export interface FeedbackNew {
  readonly id: number;
  readonly type: "content" | "grammar" | "structure" | "style" | "general";
  readonly comment: string;
  /** In UTF-16 code units; null when about the whole essay. */
  readonly highlight_start: number | null;
  readonly highlight_end: number | null;
  readonly author: Person;
  readonly created_at: string;
}

/** A new piece of feedback, extended form. */
export interface FeedbackNewExtended {
  readonly id: number;
  readonly type: "content" | "grammar" | "structure" | "style" | "general";
  readonly comment: string;
  /** In UTF-16 code units; null when about the whole essay. */
  readonly highlight_start: number | null;
  readonly highlight_end: number | null;
  readonly author: Person;
  readonly created_at: string;
  /** How well the highlight still fits the text that it was put on. */
  readonly anchor: "exact" | "moved" | "changed" | "orphaned";
  /** The words that it was put on; null when about the whole essay. */
  readonly quote: string | null;
  readonly status: "open" | "resolved";
  /** Null while it is open. */
  readonly resolved_by: Person | null;
  readonly resolved_at: string | null;
  /** The oldest first. */
  readonly replies: readonly (FeedbackReply)[];
}

/** What to change of a piece of feedback; what is left out stays as it is. */
export interface FeedbackPatch {
  readonly type?: "content" | "grammar" | "structure" | "style" | "general" | null;
  /** Not only white space. */
  readonly comment?: string | null;
  /** First UTF-16 code unit of the range; given together with `highlight_end` or not at all. */
  readonly highlight_start?: number | null;
  /** End of the range, exclusive. */
  readonly highlight_end?: number | null;
}

/** An answer to a piece of feedback. */
export interface FeedbackReply {
  /** Unique in the essay. */
  readonly id: number;
  readonly comment: string;
  readonly author: Person;
  readonly created_at: string;
  readonly updated_at: string;
}

/** A piece of feedback was changed, extended form. */
export interface FeedbackUpdateExtended {
  readonly type: "feedback_update";
  readonly essay_id: number;
  readonly feedback: FeedbackChangeExtended;
  readonly seq: number;
}

/** A piece of feedback was changed, or edits moved its highlight. */
export interface FeedbackUpdateMessage {
  readonly type: "feedback_update";
  readonly essay_id: number;
  readonly feedback: FeedbackChange;
}

/** Which project is meant, and how much of it the client knows. */
export interface JoinPayload {
  /** Answered by one `ack` or one error that repeats it (extended form). */
  readonly request_id?: string | null;
  readonly project_id: number;
  /** The highest `seq` that the client knows; 0 when it knows nothing. */
  readonly since?: number | null;
}

/** Be present in a project and follow it; answered with its present state. */
export interface JoinProject {
  /** Answered by one `ack` or one error that repeats it (extended form). */
  readonly request_id?: string | null;
  readonly type: "join_project";
  readonly payload: ProjectPayload;
}

/** Be present in a project, and follow it from where one had got to. */
export interface JoinProjectExtended {
  /** Answered by one `ack` or one error that repeats it (extended form). */
  readonly request_id?: string | null;
  readonly type: "join_project";
  readonly payload: JoinPayload;
}

/** Stop following a project. */
export interface LeaveProject {
  /** Answered by one `ack` or one error that repeats it (extended form). */
  readonly request_id?: string | null;
  readonly type: "leave_project";
  readonly payload: ProjectPayload;
}

/** Who is present from now on. */
export interface MemberJoined {
  readonly project_id: number;
  readonly user_id: number;
  readonly username: string;
}

/** Who is no longer present. */
export interface MemberLeft {
  readonly project_id: number;
  readonly user_id: number;
}

/** Somebody commented, extended form. */
export interface NewFeedbackExtended {
  readonly type: "new_feedback";
  readonly essay_id: number;
  readonly feedback: FeedbackNewExtended;
  readonly seq: number;
}

/** Somebody commented. */
export interface NewFeedbackMessage {
  readonly type: "new_feedback";
  readonly essay_id: number;
  readonly feedback: FeedbackNew;
}

/** The user may not do this, extended form. */
export interface PermissionDeniedExtended {
  readonly type: "permission_denied";
  readonly error: "insufficient_permissions";
  readonly message: string;
  /** Which request failed; left out when it had no id. */
  readonly request_id?: string;
  readonly retry: "never" | "later" | "with_new_token";
  /** Left out when not known. */
  readonly retry_after?: number;
}

/** The user may not do this; the connection stays open unless it may not even view. */
export interface PermissionDeniedMessage {
  readonly type: "permission_denied";
  readonly error: "insufficient_permissions";
  readonly message: string;
}

/** A user, as others see one. */
export interface Person {
  readonly id: number;
  readonly name: string;
  readonly role: "student" | "coach" | "admin";
}

/** A user who is present. */
export interface PersonHere {
  readonly id: number;
  readonly name: string;
  readonly role: "student" | "coach" | "admin";
  /** Empty when the user has no picture. */
  readonly avatar_url: string;
}

/** A request was carried out (extended form). */
export interface ProjectAck {
  readonly type: "ack";
  readonly payload: AckPayload;
}

/** Somebody uploaded a picture or a recording (extended form). */
export interface ProjectCanvasAdded {
  readonly type: "canvas_added";
  readonly payload: CanvasAddedPayload;
}

/** Somebody deleted a canvas (extended form). */
export interface ProjectCanvasRemoved {
  readonly type: "canvas_removed";
  readonly payload: CanvasRemovedPayload;
}

/** The fields that changed, with their new values. */
export interface ProjectChanges {
  readonly title?: string;
  readonly description?: string;
  readonly status?: "active" | "archived";
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** The project was deleted (extended form). */
export interface ProjectClosed {
  readonly type: "project_closed";
  readonly payload: ClosedPayload;
}

/** Fields to set; the ones left out stay as they are. At least one is given. */
export interface ProjectData {
  readonly title?: string;
  readonly description?: string;
  readonly status?: "active" | "archived";
  /** Merged key by key as JSON Merge Patch (RFC 7396) does; at most 64 KiB as JSON. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** A message was not carried out, extended form. */
export interface ProjectErrorExtended {
  readonly type: "error";
  readonly payload: ProjectErrorExtendedPayload;
}

/** What is wrong, where, and whether to try again. */
export interface ProjectErrorExtendedPayload {
  readonly code: "AUTHENTICATION_FAILED" | "PERMISSION_DENIED" | "NOT_IN_PROJECT" | "INVALID_JSON" | "INVALID_MESSAGE" | "UNKNOWN_TYPE" | "TOO_LARGE" | "RATE_LIMITED" | "CONFLICT" | "UNAVAILABLE";
  readonly message: string;
  /** Which request failed; left out when it had no id. */
  readonly request_id?: string;
  readonly retry: "never" | "later" | "with_new_token";
  /** Left out when not known. */
  readonly retry_after?: number;
}

/** A message was not carried out, or the connection is about to be closed. */
export interface ProjectErrorMessage {
  readonly type: "error";
  readonly payload: ProjectErrorPayload;
}

/** What is wrong, and where. */
export interface ProjectErrorPayload {
  readonly code: "AUTHENTICATION_FAILED" | "PERMISSION_DENIED" | "NOT_IN_PROJECT" | "INVALID_JSON" | "INVALID_MESSAGE" | "UNKNOWN_TYPE" | "TOO_LARGE" | "RATE_LIMITED" | "CONFLICT" | "UNAVAILABLE";
  readonly message: string;
}

/** Which project is meant. */
export interface ProjectPayload {
  /** Answered by one `ack` or one error that repeats it (extended form). */
  readonly request_id?: string | null;
  readonly project_id: number;
}

/** The receiver's own right; null: taken away. */
export interface ProjectRights {
  readonly project_id: number;
  readonly rights: "view" | "comment" | "edit" | "owner" | null;
}

/** The receiver's own right in a project changed (extended form). */
export interface ProjectRightsChanged {
  readonly type: "rights_changed";
  readonly payload: ProjectRights;
}

/** The answer to who joins with `since` (extended form); see the protocol's page. */
export interface ProjectSubscribed {
  readonly type: "subscribed";
  readonly payload: SubscribedPayload;
}

/** The token ends soon: send `refresh_token` (extended form). */
export interface ProjectTokenExpiring {
  readonly type: "token_expiring";
  readonly payload: ExpiringPayload;
}

/** Fields of a project changed, extended form. */
export interface ProjectUpdatedExtended {
  readonly type: "project_updated";
  readonly payload: ProjectUpdatedExtendedPayload;
}

/** What changed, by whom, and as which event of the project. */
export interface ProjectUpdatedExtendedPayload {
  readonly project_id: number;
  readonly changes: ProjectChanges;
  /** The user's id, as a string. */
  readonly updated_by: string;
  readonly seq: number;
}

/** Fields of a project changed; after joining: all of them. */
export interface ProjectUpdatedMessage {
  readonly type: "project_updated";
  readonly payload: ProjectUpdatedPayload;
}

/** What changed, and by whom. */
export interface ProjectUpdatedPayload {
  readonly project_id: number;
  readonly changes: ProjectChanges;
  /** The user's id, as a string. */
  readonly updated_by: string;
}

/** A user is present in a project from now on. */
export interface ProjectUserJoined {
  readonly type: "user_joined";
  readonly payload: MemberJoined;
}

/** A user is no longer present in a project. */
export interface ProjectUserLeft {
  readonly type: "user_left";
  readonly payload: MemberLeft;
}

/** Go on with a new token of the same user. */
export interface RefreshEssayToken {
  /** Answered by one `ack` or one error that repeats it (extended form). */
  readonly request_id?: string | null;
  readonly action: "refresh_token";
  readonly token: string;
}

/** Go on with a new token of the same user. */
export interface RefreshProjectToken {
  /** Answered by one `ack` or one error that repeats it (extended form). */
  readonly request_id?: string | null;
  readonly type: "refresh_token";
  readonly payload: TokenPayload;
}

/** Take that back (extended form). */
export interface ReopenFeedbackAction {
  /** Answered by one `ack` or one error that repeats it (extended form). */
  readonly request_id?: string | null;
  readonly action: "reopen_feedback";
  readonly essay_id: number;
  readonly feedback_id: number;
}

/** Answer a piece of feedback (extended form). */
export interface ReplyFeedbackAction {
  /** Answered by one `ack` or one error that repeats it (extended form). */
  readonly request_id?: string | null;
  readonly action: "reply_feedback";
  readonly essay_id: number;
  readonly feedback_id: number;
  /** Not only white space. */
  readonly comment: string;
}

/** Mark a piece of feedback as done with (extended form). */
export interface ResolveFeedbackAction {
  /** Answered by one `ack` or one error that repeats it (extended form). */
  readonly request_id?: string | null;
  readonly action: "resolve_feedback";
  readonly essay_id: number;
  readonly feedback_id: number;
}

/** Follow an essay and be present in it; answered with its present state. */
export interface SubscribeEssay {
  /** Answered by one `ack` or one error that repeats it (extended form). */
  readonly request_id?: string | null;
  readonly action: "subscribe_essay";
  readonly essay_id: number;
}

/** Follow an essay from where one had got to. */
export interface SubscribeEssayExtended {
  /** Answered by one `ack` or one error that repeats it (extended form). */
  readonly request_id?: string | null;
  readonly action: "subscribe_essay";
  readonly essay_id: number;
  /** The highest `seq` that the client knows; 0 when it knows nothing. */
  readonly since?: number | null;
}

/** Where the client stands from here on. */
export interface SubscribedPayload {
  readonly project_id: number;
  /** What follows this message leads up to here. */
  readonly seq: number;
  /** Whether what follows is what was missed, and not the whole state. */
  readonly recovered: boolean;
  readonly rights: "view" | "comment" | "edit" | "owner";
}

/** A task ended, extended form. */
export interface TaskCompletedExtended {
  readonly type: "task_completed";
  readonly payload: TaskCompletedExtendedPayload;
}

/** Which task ended, how, and as which event of the project. */
export interface TaskCompletedExtendedPayload {
  readonly task_id: string;
  readonly task_type: string;
  readonly result: TaskResult;
  readonly project_id: number;
  readonly seq: number;
}

/** A task on one of the project's canvases ended; sent once per task. */
export interface TaskCompletedMessage {
  readonly type: "task_completed";
  readonly payload: TaskCompletedPayload;
}

/** Which task ended, and how. */
export interface TaskCompletedPayload {
  readonly task_id: string;
  readonly task_type: string;
  readonly result: TaskResult;
}

/** A task goes on, extended form. */
export interface TaskProgressExtended {
  readonly type: "task_progress";
  readonly payload: TaskProgressExtendedPayload;
}

/** How far a task is, and in which attempt: a new one begins at 0 again. */
export interface TaskProgressExtendedPayload {
  readonly task_id: string;
  readonly progress: number;
  readonly message: string;
  readonly project_id: number;
  readonly attempt: number;
}

/** A task on one of the project's canvases goes on. */
export interface TaskProgressMessage {
  readonly type: "task_progress";
  readonly payload: TaskProgressPayload;
}

/** How far a task is. */
export interface TaskProgressPayload {
  readonly task_id: string;
  readonly progress: number;
  readonly message: string;
}

/** How a task ended, and what it found: further keys belong to the type of task. */
export interface TaskResult {
  readonly canvas_id: number;
  readonly status: "completed" | "failed" | "cancelled";
  /** Why it failed, in words for users; only when it failed. */
  readonly error?: string;
  readonly [further: string]: unknown;
}

/** A task was begun on one of the project's canvases (extended form). */
export interface TaskStartedMessage {
  readonly type: "task_started";
  readonly payload: TaskStartedPayload;
}

/** Which task was begun, on what, and by whom. */
export interface TaskStartedPayload {
  readonly project_id: number;
  readonly task_id: string;
  readonly task_type: string;
  readonly canvas_id: number;
  readonly requested_by: number;
  readonly seq: number;
}

/** The new token. */
export interface TokenPayload {
  /** Answered by one `ack` or one error that repeats it (extended form). */
  readonly request_id?: string | null;
  readonly token: string;
}

/** The user types. */
export interface TypingStartAction {
  /** Answered by one `ack` or one error that repeats it (extended form). */
  readonly request_id?: string | null;
  readonly action: "typing_start";
  readonly essay_id: number;
}

/** Another user began to type. */
export interface TypingStartMessage {
  readonly type: "typing_start";
  readonly essay_id: number;
  readonly user: Person;
  readonly timestamp: string;
}

/** The user stopped typing. */
export interface TypingStopAction {
  /** Answered by one `ack` or one error that repeats it (extended form). */
  readonly request_id?: string | null;
  readonly action: "typing_stop";
  readonly essay_id: number;
}

/** Another user stopped typing. */
export interface TypingStopMessage {
  readonly type: "typing_stop";
  readonly essay_id: number;
  readonly user_id: number;
  readonly timestamp: string;
}

/** Stop following an essay (extended form). */
export interface UnsubscribeEssay {
  /** Answered by one `ack` or one error that repeats it (extended form). */
  readonly request_id?: string | null;
  readonly action: "unsubscribe_essay";
  readonly essay_id: number;
}

/** The whole text as this client has it now. */
export interface UpdateEssay {
  /** Answered by one `ack` or one error that repeats it (extended form). */
  readonly request_id?: string | null;
  readonly action: "update_essay";
  readonly essay_id: number;
  readonly content: string;
  /** Where the caret stands in `content`, in UTF-16 code units; out of range: unknown. */
  readonly cursor_position?: number | null;
}

/** The whole text as this client has it now, and which version it was written from. */
export interface UpdateEssayExtended {
  /** Answered by one `ack` or one error that repeats it (extended form). */
  readonly request_id?: string | null;
  readonly action: "update_essay";
  readonly essay_id: number;
  readonly content: string;
  /** Where the caret stands in `content`, in UTF-16 code units; out of range: unknown. */
  readonly cursor_position?: number | null;
  /** The other end of the selection, in UTF-16 code units. */
  readonly selection_end?: number | null;
  /** The `seq` of the version that was edited. */
  readonly base_seq?: number | null;
}

/** Change one's own feedback (extended form). */
export interface UpdateFeedbackAction {
  /** Answered by one `ack` or one error that repeats it (extended form). */
  readonly request_id?: string | null;
  readonly action: "update_feedback";
  readonly essay_id: number;
  readonly feedback_id: number;
  readonly feedback: FeedbackPatch;
}

/** Which project is meant, and what to set. */
export interface UpdatePayload {
  /** Answered by one `ack` or one error that repeats it (extended form). */
  readonly request_id?: string | null;
  readonly project_id: number;
  readonly data: ProjectData;
}

/** Which project is meant, what to set, and on which condition. */
export interface UpdatePayloadExtended {
  /** Answered by one `ack` or one error that repeats it (extended form). */
  readonly request_id?: string | null;
  readonly project_id: number;
  readonly data: ProjectData;
  /** Nothing is set, and the answer is `CONFLICT`, unless these fields stand like this now. */
  readonly expected?: ExpectedFields | null;
}

/** Set fields of a project. */
export interface UpdateProject {
  /** Answered by one `ack` or one error that repeats it (extended form). */
  readonly request_id?: string | null;
  readonly type: "update_project";
  readonly payload: UpdatePayload;
}

/** Set fields of a project, if they are still what the client took them for. */
export interface UpdateProjectExtended {
  /** Answered by one `ack` or one error that repeats it (extended form). */
  readonly request_id?: string | null;
  readonly type: "update_project";
  readonly payload: UpdatePayloadExtended;
}

export type EssayPlainClientMessage = SubscribeEssay | UpdateEssay | TypingStartAction | TypingStopAction | AddFeedbackAction | RefreshEssayToken;

export type EssayExtendedClientMessage = SubscribeEssayExtended | UnsubscribeEssay | UpdateEssayExtended | TypingStartAction | TypingStopAction | AddFeedbackExtended | UpdateFeedbackAction | DeleteFeedbackAction | ReplyFeedbackAction | ResolveFeedbackAction | ReopenFeedbackAction | RefreshEssayToken;

export type EssayPlainServerMessage = EssayUpdate | NewFeedbackMessage | FeedbackUpdateMessage | EssayUserJoined | EssayUserLeft | TypingStartMessage | TypingStopMessage | ConnectionErrorMessage | PermissionDeniedMessage | EssayErrorMessage;

export type EssayExtendedServerMessage = EssayUpdateExtended | NewFeedbackExtended | FeedbackUpdateExtended | FeedbackDeletedMessage | EssayUserJoined | EssayUserLeft | TypingStartMessage | TypingStopMessage | CursorMovedMessage | EssaySubscribed | EssayRightsChanged | EssayClosed | EssayTokenExpiring | EssayAck | ConnectionErrorExtended | PermissionDeniedExtended | EssayErrorExtended;

export type ProjectPlainClientMessage = JoinProject | LeaveProject | UpdateProject | RefreshProjectToken;

export type ProjectExtendedClientMessage = JoinProjectExtended | LeaveProject | UpdateProjectExtended | CancelTask | RefreshProjectToken;

export type ProjectPlainServerMessage = ProjectUpdatedMessage | ProjectUserJoined | ProjectUserLeft | TaskCompletedMessage | TaskProgressMessage | ProjectErrorMessage;

export type ProjectExtendedServerMessage = ProjectUpdatedExtended | ProjectUserJoined | ProjectUserLeft | TaskStartedMessage | TaskCompletedExtended | TaskProgressExtended | ProjectSubscribed | ProjectCanvasAdded | ProjectCanvasRemoved | ProjectRightsChanged | ProjectClosed | ProjectTokenExpiring | ProjectAck | ProjectErrorExtended;
