USE [Orders]
GO
CREATE TYPE [dbo].[Flag] FROM [bit] NOT NULL
GO
CREATE TABLE [sales].[Customer](
	[Customer Id] [int] IDENTITY(1,1) NOT NULL,
	[Key] [uniqueidentifier] ROWGUIDCOL NOT NULL CONSTRAINT [DF_Key] DEFAULT (newid()),
	[Name] [nvarchar](max) NULL,
	[Active] [dbo].[Flag] NOT NULL,
	[Gender] [nchar](1) NOT NULL,
	[Stamp] [rowversion] NOT NULL,
	[Shown] AS ([Name] + N'!'),
 CONSTRAINT [PK_Customer] PRIMARY KEY CLUSTERED ([Customer Id] ASC) WITH (PAD_INDEX = OFF) ON [PRIMARY]
) ON [PRIMARY]
GO
CREATE PROCEDURE [sales].[Nothing] AS
BEGIN
  CREATE TABLE #t (a int);
  SELECT 1;
END
GO
CREATE TABLE [dbo].[Order](
	[Id] [bigint] NOT NULL,
	[CustomerId] [int] NOT NULL,
	[Total] [money] NOT NULL,
	[Placed] [datetime2](7) NOT NULL
)
ALTER TABLE [dbo].[Order] ADD CONSTRAINT [PK_Order] PRIMARY KEY NONCLUSTERED ([Id])
ALTER TABLE [dbo].[Order] WITH CHECK ADD CONSTRAINT [FK_Customer] FOREIGN KEY([CustomerId])
REFERENCES [sales].[Customer] ([Customer Id])
GO
ALTER TABLE [dbo].[Order] CHECK CONSTRAINT [FK_Customer]
GO
ALTER TABLE [dbo].[Order] ADD CONSTRAINT [DF_Total] DEFAULT ((0)) FOR [Total]
GO
ALTER TABLE [sales].[Customer] WITH CHECK ADD CONSTRAINT [CK_Gender] CHECK ((upper([Gender])='M' OR upper([Gender])='F'))
GO
